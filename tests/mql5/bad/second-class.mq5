class CSecond;
class CFirst
{
};
class CSecond  // lint: second-class
{
};
